"""Whether a word can be one of English, as the order of its letters tells.

The table below tells which four letters follow one another in the words of the American and British lists of SCOWL
(Kevin Atkinson, wordlist.sourceforge.net), in those of the Python Enhancement Proposals, and in jargon:
no word of those has others. It is a set of places, one bit each, that several sequences can share; so a few that no
word has are taken for possible ones, and never the other way.
"""

from __future__ import annotations

import base64
import re
import zlib
from functools import cache

__all__ = ["may_be_english"]

_OTHER, _LETTER = re.compile("[^a-z]"), re.compile("[a-z]")
_RUN, _SIGNS = 4, 28  # the letters, and a border on either side: the signs of ASCII before `a` and behind `z`
_PLACES = 131_071
_TABLE = """
c-p1Ad0Z3M`agbVauS9RaS|enq7FlhF(M$MqNOmQL4!pLid9<|q|~d{+U43-Ta{rz3_)3?2&hD~ifF-7>n@-bL99~ilKQbU=(SbRO4Yho@;zq)F86-!=
l91iua|~d&pFTXe%{Y>o&fNFemGkEQg$7x|M$C?u5ZYrKdJw`&I1F8co0xtvoI~B?xun|NgT;nGo!}~tQAtJjerCoaVG~lpFCYS`q%CIn-}*49AFDxMU
RrTov*g<Kd_xWu&z1tXkLxL=ys3inS4g4ee2E~VPqntX+i*Pb#_M_?K%KZG_Xjn)OA!F0Vo{$NxU&P@$Vc*E5nQP2oXMd^W9OjACUa!aHJ4=34jEcb7H
_7J;2)7nu-%0El;Kn)1gJkU0Lh3&o7<;tktDo&v8HiO%7WfNAj6-E$#Y$g}3|Jo=jiFQh<8c{_WT8uRm~%zxzrM?P8f<e(iwoN{dOd_mRWl7+?Cdz!>k
UFA43l^Nll0W~nd!!*+77`<hHZ6c{`U@13%F-Szxy*@O3asM>kKVf%of&nlziitf#9ed2J~!&a?PLgj(?GT`kNyW<Plh`e<lkx0G_111cSTQ5c09RMGL
zWN*{JI)0Fg1ubl=)0pDGAud*^w2GZW}TAp@lkAj@~hNruK!9Sgl4KwMAaniF!`QaIM*FAx)>c0pt(l_!9vJuA-Mne@5^k7<*{RVIs-|08XjTr0mseC-
2G|#GrP)Ox9yo<l`($5f1mf#Miy(2|D=(O8K?FrdJ^Gs*m2cCfptm<c$ymc@D+Q<`hFl$<9F7SuXxn)bPBL)7-Undu(R`zeYR179`~vpkx@K|n(8{EcK
3jkw<5DlB^!@-v^YMm4ct8?(h}3Y>uJD&{3bGY<aGC$pLLEs9c1q?mG502Ui#R6V`SCxmbyRghZ<o_>y4`wNa7tmI|ImZE@r(@af*@L>g=q2l;WrxUvj
(bYIJqotxrp@Ou0DEQ+<1({rxaS`T!X*Y=C0d>F6m1*FEnoJO57d-U#(0hpmHD(Y=fY`yVqVBRxE^y3@tR*GiYj*57Wi?HK|g6&?d(cw|!)?BUKJ<EsY
fB&2-(j!_ElXp*;jwntulwITyZ>7Fcdi4TJcNOK-9r(L6Bq5w~M0ybYadke*|`3ilgG<h+ppg<1`B{~y&uL7zl!1e}7A-zeoDl-AI7y={$;Pyq;*@|#`
nm&#40fxSxS6Sq0^Z@0t1Wt>evvKUZQiJE<>>h{rJxEE0laU^P5kTfa>$Fi2Oi%s@JMf}IBfY$vuz8T!!;Qgl-*`#>s=HT*kC3m=_68lkLHkX471uiK_
W6G7NbmlZn52rPU^j{Q2<ZLDGyPh){e~&ZT)a4=U4KJ=`Ez?+_<e)}lv&=k`C^Ctz`Dm_Ku01y=&TGlwLg2;?FaVK@xI>`j^XA;RE;QI6MuS|8XAVS#G
t2whomZ{P<`4sZP+8vdy|jFQM!KWM^BM?)80rXWvz<I$eqe)NF#p$5+2;HbKE09NI}oJEX#Y-zLW+z#lt#>1FawmP--9tX0>dSl4aYg?RH)O3xXv=e05
5ye~X#70-d_Y<;E?;E;;NDQsA%EjZE*ggROXCe_|yyB3=P-rMlxxuf0?JoB*a{fQ4~~*Hi2*C)W=nATa6N`*tjCw2U8JaNS`$qs!o{m+c`<CAr_oTJr$
OM=p<$fDpQV->+8z$VJmzbv6JZTPmxUW4P=?k>Jv=_A)?1+4L!BJl>4pb7Q~42T0rK2D8!V`r#}o8SFv=0<?WS<!N#NaHp}-z=xziR-K-f{NvKEQn038
`SJOmD^wuuLqQQW`FlBnM3bKZ5akp_t&q8rP!n>PxD!Gp4bEOrx8a~%5`RRW_9_yqPi?2|+UTMjAfYz~9Gx*gTLW1aA^BLa8_11I;$e_lLGA13a{Gy`d
J!<V0)8WqORwE<1W|5e;&A%#oP1bb?XZ(_7lQKiW(B76!9)9@eqLW~x7*__JQ`uv7uf^u_dj$nux9V^YP+o}ax`?+_9i&%^(FRF6JVsY%lyT)>A3_PWF
oDZ$>ig~gTp;%j?GyYs6)1N;q`BI&6>dNtL|v3;=GV|SgV&;wS>CwT7Pp=(fHnlz2?ME&_Q*<(Xo>jdrHIDajODW(NZ;`j9#-QFZ#{WNB8fw+LtXj7`W
>~hogg{bA60)MaP#;!O*<domP(F4h+s7aj~cU!MrV@J}4A8&6^+84=*zXFxVfbB8(JG0MMuF><6wLR3QD)({|WKNp7on9zT`TF>`F&AzLK6ZPbXEJ6?l
xZolWK)8WSeq0bL(FSDPU<X*ImrC3%7`&df}Y=)+NnZ53xMFUAl2*?=R=t1oAa?Oo8+jy4alOxb62<lU9q)tGZ#`7S5blB?<+*35clYrkG=_oQ_e+39l
H@COg4vUs52PBE`hQ9gr1nHFy#{p*me*baRKvvg33-GyjgKQ}e16C!Es3tixNVnR|7LxG|_I+#NuTlYxLXy@ifTlg&rNmTX-2N{?B8|+Q2BtwEXWHiho
NS_s;uc3S%A-h#D;cHGS+^cd&r#PIv@gOdjV)IfyCkH17`R0iCy}@TDH6}V_c!g0nBhe(c30;Ov7Jev*El&s@S~ImMcWi`-KF5Qv4ZP8huww%6(FEP>z
lfH)XZhsUJXOu*xp1VV*tw+XL}Or9;M@V{&_LwoTD>b_TA)_B*D@9nBILjnvbMq<L137Z9;l52{r4dOFF+W^_n}f_4cD9n4j!>@4mIU+Sai;DU{$0JjH
~~M!>1F>^l9gS@snrJ3oPOa|dT{4$5`;C-9U}!S!a1g8jwUMTJ1|8`-PFF1VbvpP!`yv?}k1DM+)yGy@8wdnBwsY8P;%MVdyqF_f9`rIR?ZPF~bc=Z;t
rM>_RD4RV(PkcpRw4yMno0%nNbMRKlyU~pJRnjY#Y<#SWq@C{B<rK_;7N5+5;@fiuGWbg&*#q1~e%mxbz8Y)1=4+50)IeMdcicy#TA5<)kjAPNl-xTkG
;xKJ1&UGO>U`U3O&my|+Mpj67{UvDu&iH@_cMFr&Bgks9_An!b@tU3_g`#1ALBMo`em)j3Q;DDrNHoZzC`A(1gBi`PY3>$YK_iMF!*?|yxYNmZq1Wb`K
(GhrN>DP0XG1(&qCq@T=NjYk&<v!ciPL#PGiIAO2!oB&c0gCBRM6n5+%pc!J0&3+8_;w|JoG*tz(Zs1lq=o_pDm7iMrfgU5<P)9rT8KOy!2W~b{`>9%8
G2@1@21=_=u;7=eiQ_jn(+56M626)F%#kYU<avOP}UTUjzJ6n9cf04sSv?#cB$E9J40+QO><GtPYuy#@Kpw-}C`{ro6i~rN~2`77YoGP4nBRrLtlzsVx
gzo}BuY1u`#^qWPPPPaK~{GFo5R_mp65nr-j+;IrCoqhG&~ay6i>&|YoajF<QDvExwt)|?x$o#9s;_U(ESkSv*@lb1hTWVgp=ugM!2C1-`u10!<IymLS
Nm4DdZsF0^;s3ir2%(Jy&O2KLM*_8V;kqGG1^KD=2^B=x?HQqd@?C-KY4!eFss8UN7zmhTJMv&d%pB_**!X>0!;FDNNp%d6~^43y$CKksTeFozm8L)j@
flv`}<4IMTS{F=Fxh24)$;_-uC8=P&|J;k2W;)#r`0~5%l$m8A1qeBoJxj>}SQUrFJ9!nBaXF_Ny)=NDzdu4s0V&o|Jc`pdvZdu3U79Y9&f9vf&y#RfJ
&MkxMX8igEXr%<?xI7Vq^wBuGz>sXnGAi93rhVmPab%(!F^%q&;(;XanI}Nxmi^`{gD1yp1pbN3-vP6r9rkNViiwt5X66+4+f}%_AlJvdV(>x#2nk(<{
^~>KAmIyEr4WnN+~^x+}t$4_SE$IHn&CKTI9cmxBauDI+g|+Hs)dHov%APTe1`%2P2p;vjTs!D(m<CzlLs$Z28u-A+m6c;f+1np*v~A#)&FASbN$nAl;
oA<C>db&b#~D#|1IepR<lE0P?k7Kc8%@26U*cV^SgPH+<B+7Bihe$3sKmJ8;+Sb<2jwuaXe~I9f0Z0?p}G7L2mAlshe+&?8#}Ot}xi3?K*ox!D336|nx
essIu(o2)#u(wq8NzFh))_2NMu&GydZwI$mW1VscwO5quM6p23x8gnIrlnF7Bw`vZ}*JkpaPxje6Monf{>NpBSb>3~&hh%Nk?+I{2j?b`&g%N<TxXjad
C!rAY?q-l1)lMkAfB%`Ll>`)hjfX#|QSe#%?q0Q2%O|fNO4AiR30m~$<N&7g>2j}V+3f;K=AQt;D}OAMMlTOS9*}=(;n*jRl)z)iT4SW<c+Dtf44{>Om
~nmimrc6p>+iicx;T`$7I-84<B=`ZmHpJ{joaS4yVv1B*~F*ej2`<!h#r8mVX>M#5O;EX#+p1f-W0rBou8}9{YZ)K_sRo6SF?lSjex#zbQ1Q5S;q{f3U
BqJFKiArKm5?AuYWtt-ukG+{$Rw4L!(#|vL0|L$9@&2DnAOjv2FR~uSW;1u3-d*kNmZiEeJqxL9znN)|j{HH?6+qpP$JJ2#+anX4O|#u;vU&fWb822Ck
ZP=~3gQkdgq3rs}<XC6|g?w&DC1y9Cg+<(xb$+0`G*k0pT)QH~I~qN37X{op|)@|USur=&?L?=->+GhG@+?F)pAtS3M@GXZF{BH*S198bZv1NI`84-T$
r-qiV|t}>`)yPnrrAJ}iOJaa9l%)b4Urfo#yMuwzWIW?xvG351X`^tJV!vUtxH=WY0j<PED?v9RQXJ*vu(*t~a3LjZK<^}i3WYfTCS~ly*-%|)QjtHO>
M^R}5)strqb?-vmfN|+rxnbE-pmHG?@~!y+RKgH<X(~XNt=%3&DTpvR?dCh8+>8US^aq{$IAc&+E-5EtG&G86{Gm@%?6=mrwE6tDJuY`Vk_7TA7pAPmf
nxDr1C+G(j&En#)4G}42?B|T73hWi`z-oRKlXI?)1r{lpcA3GczL$;dX3_){&7IF_T3J1rS9B8O$g=2>ohSI6cj1->+-2@Nt-CX+4Mb?Ns-OBI`vhwOG
m60v%a63KdX51N46#Q4pZP8RAB<T3SYUfiVe<6<kpWD)+uA-D4<dAUNg3t0}@6H<htzK`>(E)P#{-ne5Z8Drw3CWe5TS+pvhrx(dXZc?7Xli@X6mOf9R
+R3>d{8uN|BLucfrKy!UNDU}Q(-2*JC3#D$JMEs<G%9ecEQbx70w+Z&non#i<;cMsWNuH#lVV1g;@dsP>gZ23;OY+(pWcPu61ZNs6K6D+SDI%1m8GjL`
7clJZUa<Pij`DE$iJ~@q(Q|x{Slvr}=<sC@iJTUJZuxVl0ym1tTF(Y|*%Jw;TzkZKBiuis>a34A1J#n;dY&k_D%XVkcBW-22uaPAut1+(wzxTJ7y(8c#
OU}8wu05xv5sjr`T#+7t9yu>7z~mr%Cn<)_`0@-8wbQblEm$z0ZOLR<kf^cnaVTaJaTXm9Q0^;1uOb;U$*OkD-92?AyE{Oy<oIjlfC&)<q^U$&VWvs}u
d-T4Tf*k*TsvQh=<B1Al(UlkaWqwSpl-;1|Ke2kOxRm6G38<H@;lx!`5xJCPXkkxvsJ+oVEXcl+SPf>PNq6}7e|(y8Q!bqcAh&t%S<dDtMPes(eWK6$a
sjB&Id1Dzqs>Iir2Zodk2i5_vr`_`DD48=Kb1ZNssS8IGNHJq@CE8l@J_1R9#SNphD8Xpp>VbeVe{+cr^cxr!sa@XGCvJh<|<c!|VY_5!bIH-YSzlUVm
8w^g<;=_6`ehH3e!P)^+@&>QvU=*$W`0bC;<|>U)rip%F3)IJFQEy)xp@G$$%=D|Vf~Yyd`YaC)v0`NEI3?W)4O9?&(l0bvGBJ84auf6hjb+uIdIL_`i
q2nZbtlR(|&qCh7@#4QWUnE`UiDzs27vQ-{4B`XpN0gRa2)bo1~W@!MfU7*M~uwg5ik6wooJs!|xdN&zEnr3@b%?Gk207hpZL_w#gRSFctx~3w40F*I#
Zy=e-m=Ie8$*_x=BDW#|liGN=i=Uyh9MPB>ECw(RQX4-RvC=t22#s)Q1ni<~Co}M!_$_E?ng9%q-WrEf3@f??o#W6N*nA-GVtFXj7oQ_2aR|^w#7)#BK
%vRJz~)4@hY<%cPO^KJ(8*SxRYkGY@RWpH3x1TQKYN=fc|vNU;0u(I12pr0mt*0}htz+&i%m_{=2ukKxcb-J0TjWt;aB%wE082K9d5XU=Tr{J<@>`Hps
2I|RPPChHKQrv>2*GisH|z*sNWRc)JH;N7bgfL7v%!&g`bnshy`nWCX=3$`c-X*6LO_eo~Fldm-rD4my8nb>7sAWChwL!ExK2T(iG#IkC7fg=e+~xk^@
{?&o5K<)w@MQ1DEV3aaDnz->6&C@_SB>x%?X$<wp9Iq*g52E&!`lli-0zHG_g1<B}>e6RGyS?+itU%?o~KjDTpn@z2U5dRcqy<3$0`B}<-fZlYh4Ghk<
4^4PlZB}(NF9~#D~)oh0J_B>CRYc!0nh+5IxlkkW!e{yd8<YA}Z{L6O!Bb-eXFF1^-`=7RskJt246plLUNV2-oN@&QcAl1c+zr9=`EPy>oQJ{oTNAW-*
7i|IpS0s7=nPn*J(emtd{f-;_n(14~5<U)T{lK*cm3<fWpFO(-m@|)6Qv(0Zu0cX){`!u;?JNC{X&8NzMK36VV~%D`-5TN-;lj7qgiS!HR^6Dz**Jk0?
UwB9Jk$|Umo>lO?~BJ<y&00PTRO`vu(Hql+RUbT9>-D~DSiIAJtxzQQ|GlmYiPcAPTKy6SKI=7gPWfm_$7AtNypR3{x16m=FEHt<*@00-+wY=PQ=)Tz)
_wcoiIZ0gfVi%yEA+CmgVm}$*x{IH(i$j-LhN-ey=7|KxP{XW&LKyVf$<zcNyt{zdSq1Z%zUwS4_mF*L32}wwApSC9Cg508=kB#ac_3W>g*gb$3gEe}Q
qst~F5{wJ%$p=j(-FR7q$EoUCO-7vv3e;lg;2d+@J1`&hvD{<CyEXQuKWIy$B(i-+{udvkmSaK}3i#W6Cq(#ok~(Y(}S$tE$u(%_^DOjUI`9|f59>5*)
Xz#<oXr6ZeP7w(ncI~O?@SF!p?g<EK3lqn6=4_=X}Q&s57Gb?u%QLBdAx0?i}ykDS&5~%t_C|9VyG;6bks*<(in9TZ`BWum8ZE4zEQ4galy}x?1I!(Xn
pgVSQo?qoI0ideS3`oZf^pMW;>_xwQq{j-taG@09tsI&ixlZ!|m+TGx&<;Io43IAS?)ICYlDM$cqZhKB<j_~_%TRpy{i8esR2nrz<dRv^_h!13nyl6nf
i3oj5n7i7FH6kCiY2~ErK?)4gkb)|2=!W)w3z6<#mRjfvu+HRgu1qb)#7?<o`K!i94M>o+Zl*#$c)IzI1c<e$~`m>62-0R@1_~!#`(Fc3l`ihh*u%864
;<gMxtb3VcyYr55!xioSy*$`g&e?+Sq_#sc-@J%>~7xM;*2tvEC}$W4*jKS`PXQSHA;r%B(<HKj7Q+H?y9@ke}=;Hl}=4+rU%RYfzf&yH%EFLFy4QLAf
<R-Sekin_nXUW(l|gQ19!8=xjnavI7AmQt1+@g+ajre-z^X>1gbzXRt=3P5p}RO2fs(KLfnEUDAc}qkDS-(oBNq04g!_ujzgyUf#|ECC{P>lENS(VE~*
8<sk?Wm+zb)P4{%^y7n=n;epRe9%#mNzk-%Y4T2j1j-)F1y%lIC178QSp%+&pUt#p-a)yBt=?dsiLV~9FkbK{{;S_ja4}5()4q1^gG%)PGxU^$=*$Msk
VbqY{R<JTYsP2IfW-0%p?sP6F5K^Yhx;VeT>v0elr_L=jAOT4-i8Qq%Dp?AbCL>!4F?`Z%pXVFZStr9sE0LikU-{znz0tA@b;DGi*{?;*sIyaQ4F;Mln
VO_Kq3zMMqg<D+kduTwPbcc#3TYQy9W(>bWIAFsGv>#3$19qNE}1i`uttC0{%QIDaM_iLq{@nZUKTlPZJjPyD8+ZBP*oaRw7(aOGY`_JkHErsPKINVB2
31k^(qOv@buBRkr&{rWwwN=Un>$?9S=G{?uYS?DMhJ@UbkBuPxrbb{>SBAm#J^NbxfKKA)%IvTOAYy{4AiYBD;m>y>VnhX+5$V;0i+9w7d6MQ^8`2q9+
Fq`v$BcZ;CsNKL)LTTTBrVt<ajt{ylr9f-3~JLx`g}MJQJtb_w5LW{{yjHy<XNR|P0tokyEF8iZs^Dbc?8kAKmkJd49GL=OZWQHj-8=d(s&Ko`;#ksl&
j^!#;bcm<%<qQxQ6-f}E=fzTjvUW{~f4%nmKBLIPKVp1J{A6(h*mquY~8d{#RiORP|F7ix4x2%8-mVjLI4?BIli+Wb~TbAia*+9)zq#gw-*d*(*>g`{5
l`fZL-6~o016#n?PU!8X@Yn=MBuFr^_Aw%sC@rhmI|G8&59M2`m)a$M7OxrX+G5kUZ7H3RDt*2oRm1V&s@1Myol8}`v_rT=!-Sf|3lnztcv>2+@&oB<)
4fo9;2&NYb^iUaF87XpQbK_Wq+Fk{KnOym1>P(ZuLXxj2STWp$qf`33Q3fxAfM6pyPc74PWqwZaAI&V7uBvCtVsk^I+GNPL4ry$TNtWl^&*WEAn<?nVe
(LAv_TEkxp~GofS9T*-TyV9hFx?<P&WcXn3Pu!JZ`Jkq}-nZ5<`i+A26ZXX>&|k(<7jN!Lf$!lAeeK90_(&UBrm)-i3a_$<aHDaAJ)#GYD4{o>3@Vb$3
_0J12&op`Wp*;N#8$A4Q><&w*zpR8l}^fNqeU5bN<`@l-hq<><jeDkE-^$Lg|44I>9G_&Jd)n1U&W%f?l3l<#)cTe|_p$QYoJf?O9iWjF&r8Lu`1i2<(
wJ=#Sj)h?>8y@@W{dp0LPsh;yemN6&F$u3bmBbz+WP?VyZG4dw-7SS<yu1jVxom7(~;bfTTiUN;^R>T>=VKUV<PJE+JI@SY9P&txA0)r&^GPIhX5mG#g
f`mNPU2pZKM7Tg>Y4KNBH<2a8f6iJDP^`h<+WdfuUFNT9$^&%75s-*Nyna<Vs0VY$-y}$sTc9NC@qs1nfft2{=EZWfHn!l^sW@G|zpS#RWYeu12hFajN
|a)7dNWRNlC>+3%+56!(&K2PP&8Cr@>+}=i0vatqzE+pYz@Lzn)qb(P=w^PkrmgqNV88Jt&tdH(-4;+af;DpRQOL4?!7rwk7w;x$^NFfpk{cnq)!U|#|
N}z%}r*^KxlsBz$QX+E|+3-C_Op)I;(4vuCkn}2qKX5SduY9!mOZ~yrh;*(poQNGRLt%vo&0LW*WPXf@gq^Pv4<l`Q>L-lkz&ac#b~X|NfZo{cHc33Lp
yeYbXD{q}8RivF^&)Be8Xp;~^2-Lk2Axc%pypK&e88x8Gu+!FNbRuXBIR=o7m^LPJ7<I9{V~f6|ZSk83jfF71)tLp@e_$MW`2NEgT4vCbGFJ^yXpo{P(
>Eeq2%!?mV_jtzBX%TSOiVxncPtEqhIDC|{c+CNf?cx!pS_k1luM*Q0Ubyj+2tcMSRnW+zcT~;+>W!6IB;KgM7lewdGSC_s~GH>RJR`vwHFoTa++RtOH
I{nA5KKwa0e{By9$Td;)`lWAVO^3w$1L&y=l6bn~U~iOXMX9m8`Lo0OeEEmF>}h98KZ^Hnh4FnB1Y&pkAD>(zP6LV-*J?yd5*Q`QF*%Y)NlSX<2CwKX(
>8F-&OAVVZl61Vh=L^YcO#4mc4ZhYcvV*48uXmfjI6y0lE7C1Pj69{(E>6?1INfbKU7Z=IFcqb*dJ(xTC%pI_Vc_S;*gWqyPeelSqX8t+TJlC|D)E<C9
TWLw%&fw@stpP6QJwS<oxJAQXIB7wg(wPlSoE@bF{8w*fj0cN_&g3K(wJGA-FDON*a@9{=;nh3P2bzB8QZlbGHpRoCXA|TrG1$^o9cssk(f#jwH;3Cl2
<RY)@k{G%U`IND2{6%+k$j31Dl?^I0J5Z&tf{79L?eaB<vct~)FmU0E>L_Nu+*JeV)%6y6eK@3apxeUu)1EJhi77w*ysuSq#INJGd74_8^2Z!)}CuX(<
m1NdN1AbmO2L<u5?_pV8cPKR*Ag&(9#B<N?5fS##$J+p7{<p9Fl(5}Cx@pEa|2n0U{aLsJFwL-trGJhW<W~>5(%P0Db0U)FG{J{LeJR=7}Ho&_zeZKck
gU)>#nhjALq22Qy)gvqgalMYc7DblyI{g0mAaw1Mui^{(Zl7}Csv{=>VBU&9^#kjAfh>~}&hB0Vqk@;_;Rm=b5IyW$E+Afic-S!sH4aW!rwOlAO^Nn9*
}$myUv|GeaaL{1adqp@kY8(Lh@bn07sXTS(iSP=|M=mH8Ai1s2KLH-<yQXz6G#bOhlW^V8b%tlKIaiO7$KNBH9=aZEV2OkIs*&VUcXyCGrXmAR&Du7%`
|UB4<bU}96RU0fmBUYN%p3FW+-WPsoYvOIwvib#+wU9qsn+fqb@1gA365#SsN%^r6<n+HnVZw(g_9884_huyzBJ{&j-^ROOMxVL|8Wb&vo$X(z=3_D#x
r3X2ic+U~B1|Wh-+yT5q<VSy<=zW7qMEj+teSPaO7Tou5Q&kDf$%&iD~F+l<;esWt}OzjJWD_F|*M(P{s^)&7sV$XOc0>z{Wn>-e<n$^3$~Cjweq7uHq
Xig0Abl&o#7t-JVc{)3dxS*8B@n=dq<5qgxYr5JE9$1=o!`YibZPik`Lw4Vcn<MxhM9qzls$3#p)ITwF(ARX~E<^H+Al+u`z;p=Zret%T8XP$=GcXGrb
1Z0Og9T5<w7LRh&6+=ToOmMJ|dQ#xU%A(T18;?6a8{MinV0V08S3GBO`VRqN(U55ENZN87q#x+m6ErzlnN9(Ug9P_(TvRlSFEnA!E(VzQ){K7*nY5o4I
k`K(q2E>sAgvHkX4i>k`672*O>TPi%Rdl5_DME?*+5+vY0oivQsS;9$+r(ID|OXsfRS{@R6y$#@Lxf7CyX?5DG<iU#Jy`kdfyHzx}c+Qtthwugrdos;s
#AVoVsP&>7d$zLQOnK&Q+sj{^j+S?VGU%us|DqSmrU=D36Z@Ub#c(x17}EVHYyW;&T)IWaDL@^#ZH}5oXRvgN}aotZ~}SCxOKhv!}wb{6X`q>Ki9RPed
i>uTBZgd2MX%y{9RTme`sdzudp!usgQznc^sjZJ!+tU4Mwp|GGn4S7)z#CA#+Q4Jf?aVhwM;AO2?RExU~{7v~w{pLAvq|K`&#N@GT>zplBl?4crK&r(O
hlxnZ_$?+HF<^TD`(^>A-8+xsO_qD7*)!wJ~-?rOltuOn)c4DcgdNTAj8tL?li@tthuM2Wh6I5W$?VH-Gr&8WZSa#3D_QCETHwZd9JC|)=UY4~m|L+-F
XL-#Xot`uOy*^7aq)Omj{NBKdS)si>29fE-9IgpeAki1ZsD>X%NpV9o2eBtJRle=yV2x$oJAs6+1S_J+3XX*Lp_R!*nu)~4INv2-N^4|hZ*JnwiwhDC-
5eMQ6wv&UrQm`lt`CQ3OfSit19q=eNHiaRXQz+G^}hY_9<;u+U$lV$Qja=5t1$a!JZ^CWDXBOfbh9f)tm+}!<SYTkc)C2_qUK$uuOxv5@8NqB>U8%w8G
tWRP~byJ)5w?j65cpPCZu?F!c}CZ-M27uI6%F}Vp3s>Ry;36r%-!YIG*Gog;RVKAArAwKoV)vv3q?OV&@y3fi!S6n*<V9Zz+LlnzKp{<s^q-9<2doMZi
x`ax$YQMTmnU0z%Pf#%Vm^OlqJviX>U2t8*It!nz8W+zYivULE!CeV??GgLaoY`AUjB()9ohp`V%%L>>!(j$#zF+YwMAIB70`C|dVkB@weYKp|3^3n^L
(-McEOoC()>AUS3SzNMS+26ug@<9SgGx|brbhKyRE#&JX~+JvEtzN@>#7f*Ga0qJ~j6!{W^{<li1My&i=OkEGS!{=31nt8DROLUha81bYmUtzA{{8T(5
nHJtisu?{cCvzz?xQf;ndK*mV^)-+6>;|E>c`+u)3?X*aE?xeMTm@2DL1)5Ufh2PEbWHM11M~7Ulb{jz-jINIZ6M-+REl|PAVL`fiVc`K*CP`7?&`_-O
-7VRkUU79T}*>eFo1GZqE(^C`8gyZ1=6?}UEXo|(I!)f6^eGoH;v$VPQqx^5+}m_nAtRkF`LNts(*!vCqi%!*5eyrY&>F?RVwZ>WCDo{444zhC<<6>m-
!bF^iU<lGyzkNcmvXekt1|SJLn_<|GKc?HN@P1?0X(ZU#OIhsU$(}xvOzs5<S)^e`^@0a|#({EUDxQEK45O=bZ+Cw8@j{xi54WlcJ&U|K57cKR?Aw8*;
Qlct!c~RAyp@dyJiD^F#G=obWJ0k7E+tV#5M{%eRm8?7H&KyGyfstVm<?hl};ryH9U@yCI8B^)-WfqFkWn`e#`gIqkHJC`yL(P>wQ+RA-hX+7H9b7Coe
^>G{iZpsN}H1TZFH8v1qt;3J<db20LMlRR-=#UEjNHk(42j4{LHRIZs}Fft%rIO~f{RF>)TAVj6F-TD{HOtNQE$yg5$9ge}{SXqhb4udTY#iI&#r9hc9
Yc&P|$b-`nUlNeD$`tWvw4q25qI7Y_^JD4Ni3J4svGvqgJZ(C?0XgNL4##IbQu`(hy>j}QL6h`QqCU@nkf=K;b$;YCB+r|?pCN+uziw01m)Z_P6<})W(
?Wh!P_G_aiL!LPzNMl&hefGk2u}5MdbY^CrP;e;u&szJ7=)!*-t2wd;Yib`9h8G3h!(bO=@&#Y7Cr_ll`P2zP49_Ym3Usp)7Y-Xgg7g_Cy9Mt!<ZE^Dt
e=DZ_y<sFW^+_=FgCGV1K~V4^_LMi@e3-)QNE$nU!i6(iKp17r2nms|aSmSG=C2Gjrf!WJjPtj}sIcvA>mKE1GpK`+Hmt!|hSd6`j(_6$C>R_fV+wq6}
tcAzD36%<h&e#vzh`Yx4euGwHLvj>Z99Z#7{!hDYm_ZYYfRPB{IWZJV>+ia)cn@m?KJzNiN@|5)NbJM=-<7F}2Dpe)bV0Q}DKF9e)_+dgXWc)2l5eA!X
S^HW=Lb0p8Uo%m{>j^_c4e<e)jT%7v3L-H9@9c?d~jrc!1wY#QD(K6(%%!^@=c6s4ILBE_^h>h-?STum3rYUVFf^pYlI3ilZg-r1^(OnuNKdtf6vn#CS
kHh4{Y&=6M@rC)1eJfc$RWAv<raOwP2PBTPTbX7cXO(f<0!WEr+CYG_d@dkx#}GjgJdokd%w$b4mPv!OSALfTp%*S1POFoFj9`Y+z=G*HU<4d)>&I_Mj
bVw)?p7V|EyHybN+W7YqsAtM@*}=^Zc+s`m%KdgBi*lWO3KG=!R}Ns=s|fCm%ab}ISi|IL91h8QQAcT?70$xfL+~oerqHWTx3QPqGY_gdY}hE|9I}`Yq
Tqw+s|_h7IS@7Q8fjAK7%ZapwtJRHdX`NO~DnTbgnJuyD0>OBzVzyjs%wF{HHAq@q8g7GX5*gFJ1P-<x!e*f^oE87bLI<Ox&I~Ba(n&DW^e=0qirAyVd
V6k`**&XT3GWQTMEQ4)8${{Up!2>bh;|vy_x>QzUV7Jnq8-8PDv6govhx((>*;MF<5M!{c26MwAo;*`)K06oSg0YMDfbFGdsY1p&GmKv-3ZRX%BHoOlB
-t~Wgsam);Ng0K83xE<#6wf{p|2wq_F#kM}}c5vfMX_}4%xCsJ95e0?jVwM_l`GK*1@T!+{YDQ$Rt1+oT|MW}WCGdW*2CPF*obB};27eGPaug#p;5dAY
308GuDvmV_Z(^8nB&Z+9Fod%<)<nO^9L>7uZB27Fn&*O~(X+z<n@Uj{v7c|;y^YO18ndapx_?*eI9#k0|B}J~jr7DxkI2MA_lqZKqTBVk=X~cy?(@HW#
D`&bV4!hxz`xZCoD(3#rVWvpp=joJm>1y*vDWTgABgLGq>9q9xT)#iKc2-r^Z&gK{!&DG2?zhT>60(d6YqH=TS^yRxS((v6x}_b8AEc{{AeliTPKea0Y
m8S4#m$9{0rgpzy5mazn`H0kE8#;9~Mnl6(hO-pbYsEpY)TrJ|qUIrn{Au8F_9yTjM>S{eD~RPkXVuCH~}tuXQ@sR}L%Qq`muU^PD4vxTS+ceuNl1W1v
|T7=w5#35oiW-@Z>)QS+I2S}vDt+}^+=ZV@|H85eB@_X-{;87EywkI%U>C_%#zA2r$^ILGE#fkB>gI$3c2<50uluIU;C@;Ov+Btq5|woO=5EK=$bQs-A
>?y^w!r?B}hWv>HokQj1t6M9*qsP|y&Jlj?yU#R3b1W1e|9h`pWe!ybZ<~Jlj{HYrO3(wu)_;29Zb4L<IdB-$fBKcj8j+E5$4aO%ewsQgL%usgHAf%_;
J?(pz7$NP%K_mj19w8Ikm`yr6hV=piYP?f{gs}n}3R9#L948V1-D@D2eC!QK57ej;fJwenfrYFUbb3rK1koQzNGJNQum%d|KsJy6eaZ!V%g1NT_-oEYs
y&3-7I=4^9B%-SKo^3Dv)lthSHMWX1S>%+^&W>o<M)vE^8<)iB0WeN(0H2hnt}u)18&}O^z}wbAquu=4KsfjRmf;2wl4p|6B#0>Axv|2`w={mI_Gh*n_
GiY*JT(yp=9Xp?O22nZ9~s(6CIoeYC+0K8Vgwn6GPTpSst{Jr=&zKbf%p+MDSIC$@|{<VFeKQ!YEF@wMvV`ff3Wnjy<h&mx(?N>(8`JL?ir3)jK=0w>7
Q;;KPeC6Nwmwrs7!R3rNHh4XdE|V*{rH5h#YDwDkCdF2`m=o;elDNSzrQZ>T;;bVC8b84(T>>3HJ?aZ{cZq<BMcE~3^dX+0EykT+(y1ErZ~RVb2A<2&#
E+CxMw3~F2m9af>rNK5qBx#RfY1TBUF_-7@IKf~~GG-+{5C17GVqoVMdK_Y-hHxD`rLy3EPLh$||$EdJ5c~2gi5auqKto<ZcY{=r{=Z+(~BLx8$>~$xd
>-T<+fIbgpkfWukUABd9kl-#a@fca8m0UsM7{H1b#ViZ|<O8ljua_b-3zI=54}N5f@P&4xcfg+)4=aUS_}7$U92moc(_!Ziu)MK=p1N*J)h{=0I3AFy@
KG#BBE?>@J8VdPL`WOIaMNCW2oe_0w2k_!`onKUuSVmsHI}px!JK`41uYtb3HT|Z{g|Vv&dn}<PQ`17x1B3Q_KCqkp&+b8W9oBqV4Yw;L7SZ*DPTD>$a
Ai}XImLkkRtv<LWcYLQ<3BevN6~B8yvu8A})d3)ev|>Oib$!G=9(W8m1<OWxqYtUftqgc*qQk`5s$qko_WwuCWTyr;)>!3%Xlh+gq4?Y;NP&Y~pfF-|d
(0?pQd|zJ|>Jdd36@4T@y0$ZV|04Y_C`-f390m5c$01a~<Q6Awzob=66DB55QL8-5uS<CwrSZ|uzed14RjPJyzp6z+wSqkI#`a~1_6xu|=F=b%_zB2tH
(^M^nKLn)j#Zk9BplDTjI(i;0^cze$>C2%DU%W;1zGbVkiuOEnB;eT$QK3_fo(%x)_*PwFh5_=|KT8~sE@&_zyoXD&BXV^*u{@J$b?!5UjT7!S#g5}rk
H3nYx5+z`WXMZE+2PIJK=S7gmc1JFlE^tvE*p+xLY@0$>f8F*6n}74h-Dzx+5Z+$h;TT;KFlfYy8vhJUTUl8PvL1@PQo$lPWHZaPPjv0ob_ZJ!?(CJ;w
eOx)&E7pYfv~N?stPd)bERIh2lmfo#BCP7M+U)dvt^S4!=k9hQZ8+7jcK@7nnjO4zEbICZ&Z#(5X^66oxByPpCWDFhwRqKv3a3rr|pmXTTd`HEOdMeK_
P;P_(WG}f|S&MW6O-<VRC{iFGJi=(vru~4AK!d=cn*Ww_A-M0FgbT*x!nzvWWu8RjsAO8eB(=X0w@cp4!Of>jwMT;~0fFg6IbxJd1am0ZjIO#;rqK$$^
5L^5c2t1;zq%bz$nR$!kb+o3ltsfK*pk91$`UI0s_V)IKOA>zsv2f&@Mc<@{AQ;mrWL-cS7f7=aOq0)8WHxXdv-m{D;Y*l1h50!Z<1YiNWa4D{m=!ArG
HF6d4`1>VuQ=LjyH9Wx+9;%9~TmpG@4{FIMeG)uxn0Z!Mj5t$<H>tN!bd00a^3T`-|Msnd@8dh}S4GN(+@Zk&Kby8G;h#HrxE^cFZ?-!|F=4-5oY!H{o
5Z&Tq8pT%Dk7EP^68xYe&-d+_Hu-94m&TZ9iEt{BK(P4%)N@g4YXasGsW0cmFQp|%d7SR#QW!$HA?H>zU1SZn9He(wN3fJgbc+=i;0W@0nxq10FR(n4>
iXpo*R`ilMq%d5caMl3PCbhM7E=rk8759qNkez}MNAF|F_sZxll$|TiUp+?vne+JztF$`2d{aI?*
"""


def may_be_english(word: str) -> bool:
    """Return whether a word may be one of English: all its letters follow one another as in some word.

    Args:
        word: in lower case; one with some letters beside `a` to `z` may be a word of another language.
    """
    if _OTHER.search(word) is not None:
        return _LETTER.search(word) is not None
    bordered, places = f"`{word}{{", _places()
    runs = (bordered[start : start + _RUN] for start in range(len(bordered) - _RUN + 1))
    return all(places[place >> 3] >> (place & 7) & 1 for place in map(_place, runs))


def _place(run: str) -> int:
    number = 0
    for sign in run:
        number = number * _SIGNS + ord(sign) - ord("`")
    return number % _PLACES


@cache
def _places() -> bytes:
    return zlib.decompress(base64.b85decode("".join(_TABLE.split())))
